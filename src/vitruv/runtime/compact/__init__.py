"""The compact models, the one inside the package among them: a person detector and a dense regressor on person crops."""
