# eps/voc.py at a size for CPUs. Its learning rate aims at the sum of the losses of the 20 classes,
# where the head takes their mean, so all terms weigh 20 times as much.
_base_ = ['../cam/voc_light.py']
saliency_dir = None
classifier_model = dict(
    head=dict(type='wsss.EPSHead', loss=dict(loss_weight=20.0)),
    map_losses=[dict(type='wsss.EPSLoss', tau=0.4, lam=0.5, loss_weight=20.0)],
)
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
