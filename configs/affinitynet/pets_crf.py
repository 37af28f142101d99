# affinitynet/pets.py with a dense CRF on the walked maps.
_base_ = ['./pets.py', '../_base_/stages/refined.py']
pipeline = [
    'classifier', 'cams', 'affinity_labels', 'affinity', 'walked', 'refined', 'pseudo_labels',
    'cams_test', 'walked_test', 'refined_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
refiners = [dict(type='wsss.DenseCRF', preset='deeplab')]
refined_from = '@walked/scores'
refined_from_test = '@walked_test/scores'
label_scores = '@refined/scores'
label_scores_test = '@refined_test/scores'
