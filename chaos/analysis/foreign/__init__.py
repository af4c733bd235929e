"""What somebody else did to the target, its services or its namespace while the run measured them.

The run writes down each change that it asks for (the mark `WROTE`). A change that the watches saw and that none of
these explains was made by somebody else. What a fault, or a change of the run, made a controller do is the run's own:
the pods that it deletes where the run had changed their owner or their node. A controller's statuses are no change at
all, nor is an autoscaler that adds pods; one that takes pods away is.

Histories from before runs wrote that down have no such mark, and nothing is concluded from them here.
"""

from chaos.analysis.foreign.change import Foreign
from chaos.analysis.foreign.judged import foreign_changes, judged_alone, not_alone
from chaos.analysis.foreign.wrote import WROTE

__all__ = ["WROTE", "Foreign", "foreign_changes", "judged_alone", "not_alone"]
