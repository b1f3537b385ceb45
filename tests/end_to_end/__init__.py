"""From outside nobody sees a function: here real processes are started, asked, stopped and killed."""
