//! Small programs over the libraries.
