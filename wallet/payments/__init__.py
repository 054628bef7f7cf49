"""Takes payments through Stripe and Razorpay."""
