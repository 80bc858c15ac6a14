"""Training of the compact networks that ship as the embedded model: the detector, the regressor and the verifier."""
