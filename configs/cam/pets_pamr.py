# cam/pets.py with its maps refined by PAMR (Araslanov and Roth, CVPR 2020).
_base_ = ['./pets.py', '../_base_/stages/refined.py']
pipeline = [
    'classifier', 'cams', 'refined', 'pseudo_labels', 'cams_test', 'refined_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
refiners = [dict(type='wsss.PAMR')]
label_scores = '@refined/scores'
label_scores_test = '@refined_test/scores'
