# SpixelFCN, superpixels of 16 x 16 pixels, trained on human segmentations. Its images are
# normalised by the released code's own means; released weights come by network.init_cfg.
superpixel_model = dict(
    type='wsss.SuperpixelNet',
    network=dict(type='wsss.SuperpixelFCN', cell=16),
    attribute='onehot',
    reconstruction=dict(type='wsss.SuperpixelReconstructionLoss', position_weight=0.003),
    data_preprocessor=dict(
        type='mmseg.SegDataPreProcessor',
        mean=[104.805, 110.16, 114.75],
        std=[255.0, 255.0, 255.0],
        size=(208, 208),
    ),
)
