# manifold_mixup_cam/voc.py at a size for CPUs: images, the last
# frozen stage, and those that are trained.
_base_ = ['../mixup_cam/voc_light.py']
mixing = [
    dict(type='wsss.ManifoldMixup', alpha=0.2, stages=['input', 'layer5', 'layer6', 'layer7'])
]
