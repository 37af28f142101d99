# The classifier of SP-CAM: ResNeSt-50 at output stride 16, a map of the background beside those of
# the classes, taught by saliency.
_base_ = ['./classifier_resnest50.py']
classifier_model = dict(
    head=dict(
        _delete_=True, type='wsss.EPSHead', num_classes='@data/num_classes', in_channels=2048
    ),
    map_losses=[dict(type='wsss.EPSLoss', tau=0.4, lam=0.5, loss_weight=0.5)],
)
