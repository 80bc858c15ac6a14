"""Training of the paper's networks on DensePose-COCO photos: the fully convolutional network, DensePose-RCNN and the teacher."""
