# sc_cam/voc_finch.py at a size for CPUs.
_base_ = ['./voc_light.py']
clusterer = dict(_delete_=True, type='wsss.FINCH', partition='last')
sub_category_head = dict(sub_weight=2.0)
