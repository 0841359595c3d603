return require('kata.client').config()
