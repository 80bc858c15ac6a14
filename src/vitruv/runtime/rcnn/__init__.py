"""DensePose-RCNN models, as `vitruv convert` makes them: the pyramid of the whole photo, then boxes, then dense maps."""
