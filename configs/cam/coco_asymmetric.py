# cam/coco.py with the asymmetric loss (Ridnik et al., ICCV 2021): of the 80 classes an image has
# three, and a rare class is absent from almost all of them.
_base_ = ['./coco.py']
# its margin moves the score from which on a class is more likely there than not
classifier_model = dict(head=dict(loss=dict(_delete_=True, type='AsymmetricLoss'), thr=0.68))
classifier = dict(
    val_evaluator=dict(score_threshold=0.68), test_evaluator=dict(score_threshold=0.68)
)
