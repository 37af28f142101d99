# What all stages share. Nothing here but randomness can change a result.
randomness = dict(seed=0)
# speed: the allocator keeps freed memory (glibc), weights of convolutions lie channels-last; the
# latter changes the last bits of results, as another machine does
keep_freed_memory = True
channels_last = True
env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # stages are uneven: the usual 30 minutes of a process group are too short
    dist_cfg=dict(backend='nccl', timeout=6 * 3600),
)
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=20, log_metric_by_epoch=True),
    param_scheduler=dict(type='ParamSchedulerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    epoch_seed=dict(type='wsss.EpochSeedHook'),
    strict_load=dict(type='wsss.StrictLoadHook'),
    checkpoint=dict(type='wsss.CheckpointHook', interval=1, max_keep=1),
    progress=dict(type='wsss.ProgressHook'),
    contact_sheet=dict(type='wsss.ContactSheetHook'),
)
visualizer = dict(
    type='Visualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')],
)
log_processor = dict(by_epoch=True)
log_level = 'INFO'
