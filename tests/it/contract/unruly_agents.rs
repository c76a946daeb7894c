//! unruly_agents
