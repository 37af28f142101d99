# SP-CAM on Oxford-IIIT Pet (37 breeds, one in an image), from image labels alone: saliency is made
# of class-agnostic maps.
_base_ = ['../_base_/recipes/sp_cam.py', '../_base_/datasets/oxford_pet.py']
