"""Business rules as the standard defines them: FEEL expressions, and DMN decisions on top of them."""
