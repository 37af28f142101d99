# Class-agnostic maps of C2AM times class activation maps, then a dense CRF.
_base_ = ['./ensemble.py', './refined.py']
ensemble_members = dict(
    agnostic='@ccam_maps/scores', agnostic_power=0.35, specific=['@cams/scores'], mode='linear'
)
ensemble_members_test = dict(agnostic='@ccam_maps_test/scores', specific=['@cams_test/scores'])
refiners = [dict(type='wsss.DenseCRF', preset='deeplab', bg_power=1)]
refined_from = '@ensemble/scores'
refined_from_test = '@ensemble_test/scores'
