# mixup_cam/voc.py, mixed at a place drawn for each batch: the image, or what a stage gives (Verma
# et al., ICML 2019).
_base_ = ['../mixup_cam/voc.py']
mixing = [
    dict(
        type='wsss.ManifoldMixup', alpha=0.2, stages=['input', 'b2', 'b3', 'b4', 'b5', 'b6'],
    ),
]  # fmt: skip
