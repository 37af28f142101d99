# SP-CAM without any saliency (stages/sp_cam_no_saliency.py).
_base_ = [
    './multi_label_by_recipe.py',
    '../schedules/classifier_sp_cam.py',
    '../schedules/sp_cam.py',
    '../schedules/segmentor_deeplabv2.py',
    '../models/classifier_resnest50.py',
    '../models/segmentor_deeplabv2_r101.py',
    '../stages/sp_cam_no_saliency.py',
    '../stages/sp_cam_parts.py',
    '../stages/superpixel_walk.py',
]
pipeline = [
    'classifier', 'cams', 'map_labels', 'superpixels', 'sp_classifier', 'sp_cams',
    'pseudo_labels', 'sp_cams_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
pretrained = (
    'https://download.openmmlab.com/mmclassification/v0/resnest/'
    'resnest50_imagenet_converted-1ebf0afe.pth'
)
classifier_recipe = dict(
    pipeline=[
        dict(type='wsss.LoadImage'),
        dict(type='Compose', transforms='@classifier_recipe.crops'),
        dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out')),
    ]
)
kernels = dict(in_channels=2048)
label_scores = '@sp_cams/scores'
label_scores_test = '@sp_cams_test/scores'
