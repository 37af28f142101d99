# multi_label_light.py for a classifier that saliency teaches; `saliency_dir` as in
# schedules/classifier_eps.py.
_base_ = ['./multi_label_light.py']
saliency_dir = None
_pipeline = [
    dict(type='wsss.LoadImage'),
    dict(type='ColorJitter', brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1, backend='cv2'),
    dict(type='wsss.LoadSaliency', folder='@saliency_dir'),
    dict(type='wsss.AppendSaliency'),
    dict(type='RandomResizedCrop', scale=256, crop_ratio_range=(0.3, 1.0)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs', meta_keys=('image_id', 'img_path', 'ori_shape', 'held_out')),
]
classifier = dict(train_dataloader=dict(dataset=dict(pipeline=_pipeline)))
