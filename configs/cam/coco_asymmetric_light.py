# cam/coco_asymmetric.py at a size for CPUs.
_base_ = ['./coco_light.py']
classifier_model = dict(head=dict(loss=dict(_delete_=True, type='AsymmetricLoss')))
