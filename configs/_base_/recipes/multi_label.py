# Several classes in an image: classifier -> maps -> labels -> segmentor, on 448 / 512 px crops. The
# data set comes from beside.
_base_ = [
    '../default_runtime.py',
    '../stages/classifier.py',
    '../stages/cams.py',
    '../stages/pseudo_labels.py',
    '../stages/cams_test.py',
    '../stages/segmentor.py',
]
pipeline = ['classifier', 'cams', 'pseudo_labels', 'cams_test', 'pseudo_labels_test', 'segmentor']
pretrained = 'torchvision://resnet50'
_pack = dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out'))
classifier = dict(
    train_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadImage'),
                dict(type='RandomResizedCrop', scale=448, crop_ratio_range=(0.3, 1.0)),
                dict(type='RandomFlip', prob=0.5, direction='horizontal'),
                dict(
                    type='ColorJitter',
                    brightness=0.3,
                    contrast=0.3,
                    saturation=0.3,
                    hue=0.1,
                    backend='cv2',
                ),
                _pack,
            ]
        )
    ),
    val_evaluator=dict(multi_label=True),
    test_evaluator=dict(multi_label=True),
)
