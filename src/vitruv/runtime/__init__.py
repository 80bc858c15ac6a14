"""Models at work: `load` gives a `Predictor`, which turns a picture into `DensePoses`."""
