"""Find quotations in a body, and who said them."""
