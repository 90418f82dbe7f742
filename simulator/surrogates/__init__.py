"""The surrogate objective as a product: advantage × log-ratio level × gate × reduction − regularisers."""
