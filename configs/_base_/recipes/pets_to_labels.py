# The chain on Oxford-IIIT Pet, on 448 / 512 px images, but for the segmentor's stage, which comes
# from beside.
_base_ = [
    '../default_runtime.py',
    '../datasets/oxford_pet.py',
    '../stages/classifier.py',
    '../stages/cams.py',
    '../stages/pseudo_labels.py',
    '../stages/cams_test.py',
]
pipeline = ['classifier', 'cams', 'pseudo_labels', 'cams_test', 'pseudo_labels_test', 'segmentor']
pretrained = 'torchvision://resnet50'
