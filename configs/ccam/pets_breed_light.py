# ccam/pets_breed.py at a size for CPUs: about 14 images a breed.
_base_ = ['./pets_species_light.py']
data = dict(
    num_classes=37,
    train=dict(label_mode='breed'),
    val=dict(label_mode='breed'),
    test=dict(label_mode='breed'),
)
ccam_model = dict(group_by=tuple(range(37)))
ccam = dict(train_dataloader=dict(batch_size=16))
