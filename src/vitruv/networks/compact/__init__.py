"""Networks of the compact model: people's crops to charts, U and V, on a released trunk."""

from vitruv.networks.compact.blocks import fold_normalisation
from vitruv.networks.compact.dense_decoder import DenseDecoder, DenseMaps, person_first
from vitruv.networks.compact.guided_regressor import STRIDE, GuidedDecoder, GuidedRegressor, PersonFeatures, PoseTrunk
from vitruv.networks.compact.guides import LIMBS, PersonGuides
from vitruv.networks.compact.pose import CentralPose

__all__ = [
    "LIMBS",
    "STRIDE",
    "CentralPose",
    "DenseDecoder",
    "DenseMaps",
    "GuidedDecoder",
    "GuidedRegressor",
    "PersonFeatures",
    "PersonGuides",
    "PoseTrunk",
    "fold_normalisation",
    "person_first",
]
