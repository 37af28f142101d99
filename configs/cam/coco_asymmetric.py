# cam/coco.py with the asymmetric loss (Ridnik et al., ICCV 2021): of the 80 classes an image has
# three, and a rare class is absent from almost all of them.
_base_ = ['./coco.py']
classifier_model = dict(head=dict(loss=dict(_delete_=True, type='AsymmetricLoss')))
