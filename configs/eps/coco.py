# EPS (Lee et al., CVPR 2021) on MS-COCO 2014. Say where the saliency is:
# --cfg-options saliency_dir=DIR
_base_ = [
    '../_base_/recipes/multi_label_eps.py',
    '../_base_/datasets/coco14.py',
    '../_base_/models/classifier_eps_r38.py',
    '../_base_/models/segmentor_deeplabv2_r101.py',
]
classifier_model = dict(map_losses=[dict(type='wsss.EPSLoss', tau=0.4, lam=0.9)])
classifier_recipe = dict(
    batch_size=16,
    scales=[(side, side) for side in range(256, 449, 16)],
    crop_size=321,
    max_epochs=50,
)
segmentor_recipe = dict(max_epochs=8)
