//! Native half of the binding.
