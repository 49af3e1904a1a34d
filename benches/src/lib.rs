//! raddle, its peers and the floors of the machine, measured side by side.
