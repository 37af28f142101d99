# A model of C2AM for each of the 37 breeds, trained on its 100 images alone.
_base_ = ['./pets_species.py']
data = dict(
    num_classes=37,
    train=dict(label_mode='breed'),
    val=dict(label_mode='breed'),
    test=dict(label_mode='breed'),
)
ccam_model = dict(group_by=tuple(range(37)))
ccam = dict(train_dataloader=dict(batch_size=32))
