# cam/pets_bg.py at a size for CPUs.
_base_ = ['./pets_light.py', '../_base_/datasets/background.py']
with_background = dict(extra_class=True)
classifier_model = dict(head=dict(num_classes=38), extra_classes=1)
classifier = dict(
    train_dataloader=dict(
        dataset=dict(_ref_='@with_background'), sampler=dict(_ref_='@background_sampler')
    )
)
