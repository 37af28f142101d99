# Class-agnostic maps of C2AM times class activation maps of a breed classifier, then a dense CRF.
_base_ = [
    '../cam/pets.py',
    '../_base_/stages/ccam.py',
    '../_base_/models/ccam_r50.py',
    '../_base_/stages/ensemble.py',
    '../_base_/stages/refined.py',
]
pipeline = [
    'classifier', 'cams', 'ccam', 'ccam_maps', 'ensemble', 'refined', 'pseudo_labels', 'cams_test',
    'ccam_maps_test', 'ensemble_test', 'refined_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
ensemble_members = dict(
    agnostic='@ccam_maps/scores', agnostic_power=0.35, specific=['@cams/scores'], mode='linear'
)
ensemble_members_test = dict(agnostic='@ccam_maps_test/scores', specific=['@cams_test/scores'])
refined_from = '@ensemble/scores'
refined_from_test = '@ensemble_test/scores'
refiners = [dict(type='wsss.DenseCRF', preset='deeplab', bg_power=1)]
label_scores = '@refined/scores'
label_scores_test = '@refined_test/scores'
pseudo_labels = dict(test_evaluator=dict(presets=['M3']))
segmentor = dict(test_evaluator=dict(presets=['M3']))
