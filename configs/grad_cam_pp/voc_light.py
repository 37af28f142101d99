# grad_cam_pp/voc.py at a size for CPUs.
_base_ = ['../cam/voc_light.py']
cams = dict(model=dict(cam=dict(type='wsss.GradCAMPlusPlus')))
