"""The ten stages of a job, in order."""

from automl_training.stage import Stage
from automl_training.stages.clarify import Clarify
from automl_training.stages.evaluate import Evaluate
from automl_training.stages.explain import Explain
from automl_training.stages.export import Export
from automl_training.stages.ingest import Ingest
from automl_training.stages.preprocess import Preprocess
from automl_training.stages.profile import Profile
from automl_training.stages.report import Report
from automl_training.stages.train import Train
from automl_training.stages.verify import Verify

STAGES: tuple[Stage, ...] = (
    Ingest(),
    Profile(),
    Clarify(),
    Preprocess(),
    Train(),
    Evaluate(),
    Explain(),
    Export(),
    Verify(),
    Report(),
)
