# ccam/pets_light.py with a dense CRF (Krähenbühl and Koltun, NIPS 2011) on its maps.
_base_ = ['../ccam/pets_light.py', '../_base_/stages/refined.py']
pipeline = [
    'ccam', 'ccam_maps', 'refined', 'pseudo_labels', 'ccam_maps_test', 'refined_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
refiners = [dict(type='wsss.DenseCRF', preset='psa', bg_power=8)]
refined_from = '@ccam_maps/scores'
refined_from_test = '@ccam_maps_test/scores'
label_scores = '@refined/scores'
label_scores_test = '@refined_test/scores'
