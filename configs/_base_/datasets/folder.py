# Your own pictures: labels and folders are said in folder, the number of classes in data.
data_root = None
folder = dict(
    type='wsss.FolderDataset',
    data_root='@data_root',
    labels=dict(type='wsss.CsvLabels', file='labels.csv'),
    images='images',
    masks=None,
    num_classes='@data/num_classes',
    num_labels='@data/num_labels',
    val_fraction=0.2,
)
data = dict(
    num_classes=2,
    num_labels=3,
    train=dict(_ref_='@folder', split='train'),
    val=dict(_ref_='@folder', split='val'),
    test=dict(_ref_='@folder', split='val'),
)
