# grad_cam_pp/pets.py at a size for CPUs.
_base_ = ['../cam/pets_light.py']
cams = dict(model=dict(cam=dict(type='wsss.GradCAMPlusPlus')))
