# cam/pets_pamr.py at a size for CPUs.
_base_ = ['./pets_light.py', '../_base_/stages/refined.py']
pipeline = [
    'classifier', 'cams', 'refined', 'pseudo_labels', 'cams_test', 'refined_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
refiners = [dict(type='wsss.PAMR')]
label_scores = '@refined/scores'
label_scores_test = '@refined_test/scores'
