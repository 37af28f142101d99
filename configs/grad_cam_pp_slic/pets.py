# Grad-CAM++ labels, a segmentor, three rounds of self-training with SLIC superpixels.
_base_ = ['../grad_cam_pp/pets.py', '../_base_/stages/self_training.py']
pipeline = [
    'classifier', 'cams', 'pseudo_labels', 'cams_test', 'pseudo_labels_test', 'segmentor',
    'round1_scores', 'round1_labels', 'round1',
    'round2_scores', 'round2_labels', 'round2',
    'round3_scores', 'round3_labels', 'round3',
    'chosen', 'test',
]  # fmt: skip
pseudo_labels = dict(test_evaluator=dict(presets=['M1']))
segmentor = dict(test_evaluator=dict(presets=['M1']))
