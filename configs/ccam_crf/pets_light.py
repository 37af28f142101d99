# ccam/pets_light.py with a dense CRF (Krähenbühl and Koltun, NIPS 2011) on its maps.
_base_ = ['../ccam/pets_light.py', '../_base_/stages/refined_ccam.py']
pipeline = [
    'ccam', 'ccam_maps', 'refined', 'pseudo_labels', 'ccam_maps_test', 'refined_test',
    'pseudo_labels_test', 'segmentor',
]  # fmt: skip
label_scores = '@refined/scores'
label_scores_test = '@refined_test/scores'
