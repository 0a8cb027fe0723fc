"""The words: frozen values and pure rules. No I/O, and nothing imported from the floors above."""
