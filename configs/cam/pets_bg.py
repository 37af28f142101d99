# cam/pets.py with pictures of background in training: an eighth of each batch, and one more class
# of the classifier, which is never explained.
_base_ = ['./pets.py', '../_base_/datasets/background.py']
with_background = dict(extra_class=True)
classifier_model = dict(head=dict(num_classes=38), extra_classes=1)
classifier = dict(
    train_dataloader=dict(
        dataset=dict(_ref_='@with_background'), sampler=dict(_ref_='@background_sampler')
    )
)
