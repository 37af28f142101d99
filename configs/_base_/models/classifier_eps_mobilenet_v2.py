# MobileNetV2 with a map of the background beside those of the classes, taught by saliency. The
# light learning rate aims at the sum of the losses of the classes, where the head takes their mean,
# so all terms weigh as many times as much as there are classes.
_base_ = ['./classifier_mobilenet_v2_multi_label.py']
classifier_model = dict(
    head=dict(type='wsss.EPSHead', loss=dict(loss_weight='@data/num_classes')),
    map_losses=[dict(type='wsss.EPSLoss', tau=0.4, lam=0.5, loss_weight='@data/num_classes')],
)
