//! Advice for layers that cannot be read.

use super::{Failure, machine_hint};
use rebuild::layer::LayerError;
use rebuild::opened::OpenError;

pub(super) fn explain(error: &OpenError, layer: &LayerError) -> Failure {
    let failure = Failure::of(error);
    match layer {
        LayerError::Read { error, .. } => {
            let text = error.to_string();
            if text == "cancelled" {
                return Failure::interrupted();
            }
            let damaged = || "the layer did not arrive whole: try again; if it stays, the image is damaged".into();
            failure.hint(machine_hint(&text).unwrap_or_else(damaged))
        }
        LayerError::Archive { .. } => failure.hint("the image is damaged or was made to do harm; slim does not guess"),
        LayerError::DiffId { .. } => {
            failure.hint("manifest and config do not belong together: build or push the image again")
        }
    }
}
