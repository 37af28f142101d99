# ResNet-38d as in EPS: a map of the background beside those of the classes, taught by saliency.
_base_ = ['./classifier_r38.py']
classifier_model = dict(
    neck=dict(_delete_=True, type='GlobalAveragePooling'),
    head=dict(
        _delete_=True, type='wsss.EPSHead', num_classes='@data/num_classes', in_channels=4096
    ),
    map_losses=[dict(type='wsss.EPSLoss', tau=0.4, lam=0.5)],
)
