# cam/coco_asymmetric.py at a size for CPUs.
_base_ = ['./coco_light.py']
# its margin moves the score from which on a class is more likely there than not
classifier_model = dict(head=dict(loss=dict(_delete_=True, type='AsymmetricLoss'), thr=0.68))
classifier = dict(
    val_evaluator=dict(score_threshold=0.68), test_evaluator=dict(score_threshold=0.68)
)
