# Grad-CAM++ (Chattopadhyay et al., WACV 2018); everything else as in cam/voc.py.
_base_ = ['../cam/voc.py']
cams = dict(model=dict(cam=dict(type='wsss.GradCAMPlusPlus')))
