//! Questions of agents.
