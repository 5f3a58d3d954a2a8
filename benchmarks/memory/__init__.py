"""Where does the memory of a processor end that works for hours?"""
