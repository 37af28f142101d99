# Manifold-Mixup-CAM as the public project trains it, see mixup_cam/voc_faithful.py.
_base_ = ['../mixup_cam/voc_faithful.py']
mixing = [
    dict(
        type='wsss.ManifoldMixup', alpha=0.2, stages=['input', 'b2', 'b3', 'b4', 'b5', 'b6'],
    ),
]  # fmt: skip
