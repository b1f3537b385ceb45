"""Every way in which the site is broken, each as small as the sentence that says what it does."""
